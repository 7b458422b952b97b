package run

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
)

// Plan is what a run would train, known without training it.
type Plan struct {
	Spec       Spec         `json:"spec"`
	Layers     []LayerPlan  `json:"layers"`     // Weights that are sparse, in the model's order.
	Parameters int          `json:"parameters"` // Trainable, biases and all.
	Weights    int          `json:"weights"`    // In the layers.
	Active     float64      `json:"active"`     // Of these, the expected number.
	MACs       int          `json:"macs"`       // Multiply-accumulate operations for an example, all weights active.
	SparseMACs float64      `json:"sparse_macs"`
	Training   TrainingPlan `json:"training"`
}

// LayerPlan is a weight that is sparse.
type LayerPlan struct {
	Path       string  `json:"path"`
	Shape      []int   `json:"shape"`
	Weights    int     `json:"weights"`
	Density    float64 `json:"density"` // As the distribution says; masks hold the nearest whole numbers.
	MACs       int     `json:"macs"`    // For an example, all weights active.
	SparseMACs float64 `json:"sparse_macs"`
}

// TrainingPlan is what all steps take together.
type TrainingPlan struct {
	// DenseFLOPs is what dense training takes, a multiplication and an addition counted as two, and backward passes as
	// two forward passes: 6·MACs·batch·steps. It is also what the backends compute for sparse weights, as matrices that
	// hold zeros.
	DenseFLOPs float64 `json:"dense_flops"`
	FLOPsRatio float64 `json:"flops_ratio"` // What hardware with sparse arithmetic would take of them, by RigL's count.
	Updates    int     `json:"mask_updates"`
}

// Time is how long DenseFLOPs take at so many operations a second.
func (t TrainingPlan) Time(flopsPerSecond float64) time.Duration {
	return time.Duration(t.DenseFLOPs / flopsPerSecond * float64(time.Second))
}

// NewPlan returns the plan of a spec. It reads no data, but for models whose input is a graph.
func NewPlan(ctx context.Context, spec Spec) (*Plan, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	counts, err := spec.count(ctx)
	if err != nil {
		return nil, err
	}
	shapes := make([][]int, len(counts.Weights))
	for i, weight := range counts.Weights {
		shapes[i] = weight.Shape.Dimensions
	}
	densities := dstee.Uniform(shapes, 1)
	if spec.Method != Dense {
		densities = dstee.Distributions[spec.Distribution](shapes, 1-spec.Sparsity)
	}
	plan := &Plan{Spec: spec, Parameters: counts.Parameters, MACs: counts.MACs()}
	for i, weight := range counts.Weights {
		layer := LayerPlan{Path: weight.Path, Shape: shapes[i], Weights: weight.Shape.Size(), Density: densities[i], MACs: weight.MACs,
			SparseMACs: densities[i] * float64(weight.MACs)}
		plan.Layers = append(plan.Layers, layer)
		plan.Weights += layer.Weights
		plan.Active += layer.Density * float64(layer.Weights)
		plan.SparseMACs += layer.SparseMACs
	}
	plan.Training = TrainingPlan{DenseFLOPs: 6 * float64(plan.MACs) * float64(spec.Batch) * float64(spec.Steps), FLOPsRatio: 1}
	if spec.Method == Dense {
		return plan, nil
	}
	if spec.moves() {
		plan.Training.Updates = spec.Steps / spec.DeltaT
	}
	plan.Training.FLOPsRatio, err = spec.flops(plan.SparseMACs, float64(plan.MACs))
	return plan, err
}

// count counts the parameters and operations of the spec's model for one example.
func (s Spec) count(ctx context.Context) (*models.Counts, error) {
	modelFn, err := s.unreadModelFn(ctx)
	if err != nil {
		return nil, err
	}
	backend, err := backends.Open("go") // It only builds the graph, which every machine can.
	if err != nil {
		return nil, err
	}
	counts, err := models.Count(backend, model.NewStore(), modelFn, s.oneInput())
	if err != nil {
		return nil, fmt.Errorf("building the model %s: %w", s.Model, err)
	}
	return counts, nil
}
