package run

import (
	"fmt"

	"github.com/sparsekernel/sparsekernel/models"
)

// countWeights fills in what the masks of a session say.
func (s *Summary) countWeights(of *session) error {
	counts, err := models.Count(of.backend, of.store, of.model, of.spec.oneInput())
	if err != nil {
		return fmt.Errorf("counting operations: %w", err)
	}
	s.TrainableValues = counts.Parameters
	s.Sparsity, s.FLOPsRatio, s.ExplorationRate = 0, 1, 1
	if of.sparse == nil {
		s.TargetSparsity = 0
		return nil
	}
	layers, total, err := of.sparse.Stats()
	if err != nil {
		return err
	}
	densities := map[string]float64{}
	for _, l := range layers {
		densities[l.Path] = l.Density()
		s.Layers = append(s.Layers, Layer{Path: l.Path, Shape: l.Shape, Size: l.Size, Active: l.Active, Density: l.Density(),
			Explored: l.ExplorationRate(), Churn: float64(of.at.Entered[l.Path]) / float64(l.Active)})
	}
	s.Sparsity = 1 - total.Density()
	s.ExplorationRate = total.ExplorationRate()

	sparseMACs, denseMACs := 0.0, 0.0
	for _, weight := range counts.Weights {
		density, found := densities[weight.Path]
		if !found {
			density = 1
		}
		sparseMACs += density * float64(weight.MACs)
		denseMACs += float64(weight.MACs)
	}
	s.FLOPsRatio, err = s.flops(sparseMACs, denseMACs)
	return err
}

// Churn is how many weights became active during the run, per active weight, over all layers.
func (s *Summary) Churn() float64 {
	entered, active := 0.0, 0
	for _, l := range s.Layers {
		entered += l.Churn * float64(l.Active)
		active += l.Active
	}
	return entered / float64(active)
}
