package backends_test

import (
	"fmt"
	"log"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/sparsekernel/sparsekernel/backends"
)

// With "" instead of "go", Open finds or fetches XLA and falls back to pure Go.
func ExampleOpen() {
	backend, err := backends.Open("go")
	if err != nil {
		log.Fatal(err)
	}
	sum, err := graph.CallOnce(backend, graph.Add, float32(1), float32(2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum)
	// Output: float32(3)
}
