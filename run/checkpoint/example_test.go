package checkpoint_test

import (
	"fmt"
	"os"
	"slices"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// A store is saved with a text, and is there again, after a newer checkpoint was damaged.
func Example() {
	dir, err := os.MkdirTemp("", "checkpoints")
	check(err)
	defer os.RemoveAll(dir)
	folder := checkpoint.Folder(dir)
	check(folder.Prepare())

	store := model.NewStore()
	store.VariableWithValue("/dense/weights", []float32{0, 0.5, 0, -1})
	variables := slices.Collect(store.IterVariables())
	check(checkpoint.Write(folder.Path(100, 1), variables, map[string]string{"note": "after the first mask update"}))
	check(checkpoint.Write(folder.Path(200, 2), variables, nil))
	check(os.Truncate(folder.Path(200, 2), 50))

	newest, entry, err := folder.Newest(func(damaged *checkpoint.DamagedError) { fmt.Println("damaged, and set aside") })
	check(err)
	fmt.Println("step", entry.Step, newest.Texts["note"])
	restored := model.NewStore()
	check(newest.Restore(restored, nil))
	fmt.Println(restored.GetVariable("/dense/weights").MustValue())
	// Output:
	// damaged, and set aside
	// step 100 after the first mask update
	// [4]float32{0, 0.5, 0, -1}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
