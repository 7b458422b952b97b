package datasets

import "github.com/sparsekernel/sparsekernel/datasets/fetch"

// What [Fetch] fetches: from the authors' pages, and MNIST, which has none any more, from PyTorch's mirror.
var (
	mnistFiles = idxFiles("https://ossci-datasets.s3.amazonaws.com/mnist/", [4]pinned{
		{9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		{28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		{1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		{4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	})
	fashionMNISTFiles = idxFiles("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [4]pinned{
		{26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
		{29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
		{4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
		{5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
	})
	cifar10Files = []fetch.File{{
		Name: "cifar-10-binary.tar.gz", URL: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		Size: 170_052_171, SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
	}}
	cifar100Files = []fetch.File{{
		Name: "cifar-100-binary.tar.gz", URL: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		Size: 168_513_733, SHA256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
	}}
)

// pinned is a file of known bytes.
type pinned struct {
	size   int64
	sha256 string
}

// idxFiles returns the four files of a data set like MNIST.
func idxFiles(base string, files [4]pinned) []fetch.File {
	names := [4]string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}
	var list []fetch.File
	for i, name := range names {
		list = append(list, fetch.File{Name: name, URL: base + name, Size: files[i].size, SHA256: files[i].sha256})
	}
	return list
}
