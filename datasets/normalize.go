package datasets

import "github.com/pkg/errors"

// Normalization brings the values of each channel to mean 0 and standard deviation 1: (x - Mean)/Std for x in [0, 1].
// Mean and Std have one value per channel, those of the training images. The zero value leaves x as it is.
//
// It is applied on the host, in the table by which bytes become numbers, where it costs nothing and has the same bits
// whatever the backend.
type Normalization struct {
	Mean, Std []float32
}

func (n Normalization) of(x float32, channel int) float32 {
	if n.Mean == nil {
		return x
	}
	return (x - n.Mean[channel]) / n.Std[channel]
}

// check returns an error unless the normalization fits images of so many channels.
func (n Normalization) check(channels int) error {
	if n.Mean == nil && n.Std == nil {
		return nil
	}
	if len(n.Mean) != channels || len(n.Std) != channels {
		return errors.Errorf("normalization has %d means and %d standard deviations, want %d each, one per channel",
			len(n.Mean), len(n.Std), channels)
	}
	for c, std := range n.Std {
		if !(std > 0) {
			return errors.Errorf("normalization: the standard deviation of channel %d is %v, want more than 0", c, std)
		}
	}
	return nil
}
