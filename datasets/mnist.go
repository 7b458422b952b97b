package datasets

// MNIST reads the 60,000 training ("mnist-train") and 10,000 test images ("mnist-test") of hand-written digits,
// [28, 28, 1], in 10 classes, from the four IDX files in dir under their original names, compressed (.gz) or not.
// Inputs are normalized with the mean and deviation of the training images.
//
// Source: LeCun, Cortes and Burges, The MNIST Database of handwritten digits, 1998.
func MNIST(dir string) (train, test *Split, err error) {
	return readMNIST(dir, "mnist", nil, Normalization{Mean: []float32{0.1307}, Std: []float32{0.3081}})
}

// FashionMNIST reads the 60,000 training ("fashion-mnist-train") and 10,000 test images ("fashion-mnist-test") of
// clothes, [28, 28, 1], in 10 classes, from files as those of [MNIST].
//
// Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, arXiv 1708.07747; licence MIT.
func FashionMNIST(dir string) (train, test *Split, err error) {
	names := []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
	return readMNIST(dir, "fashion-mnist", names, Normalization{Mean: []float32{0.2860}, Std: []float32{0.3530}})
}

func readMNIST(dir, name string, classNames []string, normalize Normalization) (train, test *Split, err error) {
	info := Info{Shape: []int{28, 28, 1}, Classes: 10, ClassNames: classNames}
	info.Name = name + "-train"
	train, err = readIDXSplit(dir, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", info)
	if err != nil {
		return nil, nil, err
	}
	info.Name = name + "-test"
	test, err = readIDXSplit(dir, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", info)
	if err != nil {
		return nil, nil, err
	}
	train.Normalize, test.Normalize = normalize, normalize
	return train, test, nil
}
