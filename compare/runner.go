package compare

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/run"
)

// DefaultJobs is how many cells run at once by default: 2, or 1 on a machine with one core. On 2 cores, two runs of the
// MLP at once took 0.54 to 0.67 of the time of one after the other, since small layers leave XLA's threads idle; runs of
// LeNet-5 took as long either way.
func DefaultJobs() int { return min(2, runtime.GOMAXPROCS(0)) }

// TrainFunc trains as a spec says; see [run.Train].
type TrainFunc func(ctx context.Context, backend compute.Backend, spec run.Spec, observer run.Observer) (*run.Summary, error)

// FetchFunc reads the data set that a spec trains on, and downloads what of it is missing; see [run.Spec.FetchData].
type FetchFunc func(ctx context.Context, spec run.Spec) error

// Runner runs the cells of a comparison. What a cell gives does not depend on Jobs, but for the times it took.
type Runner struct {
	Backend  compute.Backend
	Folder   *Folder   // Where results are kept.
	Jobs     int       // Cells at once, at least 1.
	Fetch    FetchFunc // Called before training for each data set that it takes. Nil leaves that to Train.
	Train    TrainFunc // Usually [run.Train].
	Observer Observer
}

// NewRunner returns a Runner of [DefaultJobs] that trains by [run.Train] and keeps results in the folder dir, for this build of
// the program.
func NewRunner(backend compute.Backend, dir string) (Runner, error) {
	build, err := Build()
	if err != nil {
		return Runner{}, err
	}
	folder, err := OpenFolder(dir, backend.Description(), build)
	fetch := func(ctx context.Context, spec run.Spec) error { return spec.FetchData(ctx, nil) }
	return Runner{Backend: backend, Folder: folder, Jobs: DefaultJobs(), Fetch: fetch, Train: run.Train}, err
}

// Observer is told how a comparison goes, one call at a time. Its functions may be nil.
type Observer struct {
	Note  func(text string)                   // About a result in the folder that is not used.
	Start func(kept int, train []Cell)        // Before training: how many results were kept, and what is to be trained.
	Step  func()                              // After each optimizer step of any cell.
	Done  func(result Result, done, left int) // After each cell that was trained.
}

// Result is what came out of a cell.
type Result struct {
	Cell
	Summary *run.Summary `json:"summary"`
}

// Run returns the results of the cells, in their order: those that the folder has, and those it trains now, each saved as
// soon as it is finished. Without their data none is trained. When a cell fails the others go on, and the error names all
// that failed. When the context is cancelled, the cells under way stop, and the error wraps the context's. Nothing that
// finished is lost: a Run with the same folder goes on from there.
func (r Runner) Run(ctx context.Context, cells []Cell) ([]Result, error) {
	if r.Jobs < 1 {
		return nil, fmt.Errorf("jobs must be at least 1, got %d", r.Jobs)
	}
	results := make([]Result, len(cells))
	todo, err := r.load(cells, results)
	if err != nil {
		return nil, err
	}
	if err := r.fetch(ctx, cells, todo); err != nil {
		return nil, err
	}
	training, stop := context.WithCancel(ctx)
	defer stop()

	var lock sync.Mutex // Guards what follows, and the observer.
	var failures []error
	done := 0
	step := func(int, float64) {
		lock.Lock()
		defer lock.Unlock()
		r.Observer.step()
	}
	finished := func(i int, summary *run.Summary, err error) {
		lock.Lock()
		defer lock.Unlock()
		if err == nil {
			if err = r.Folder.Save(cells[i], summary); err != nil {
				stop() // What cannot be kept is not worth training.
			}
		}
		if err != nil {
			if training.Err() == nil || !errors.Is(err, training.Err()) {
				failures = append(failures, fmt.Errorf("%s: %w", cells[i], err))
			}
			return
		}
		results[i] = Result{Cell: cells[i], Summary: summary}
		done++
		r.Observer.done(results[i], done, len(todo)-done)
	}

	queue := make(chan int)
	var workers sync.WaitGroup
	for range min(r.Jobs, len(todo)) {
		workers.Go(func() {
			for i := range queue {
				summary, err := r.Train(training, r.Backend, cells[i].Spec, run.Observer{Step: step})
				finished(i, summary, err)
			}
		})
	}
	for _, i := range todo {
		select {
		case queue <- i:
			continue
		case <-training.Done():
		}
		break
	}
	close(queue)
	workers.Wait()

	if ctx.Err() != nil && done < len(todo) {
		failures = append(failures, fmt.Errorf("stopped with %d of %d runs done, which are kept: %w",
			len(cells)-len(todo)+done, len(cells), ctx.Err()))
	}
	if len(failures) > 0 {
		return nil, errors.Join(failures...)
	}
	return results, nil
}

// fetch fetches the data of the cells that are to be trained, each set once: what is missing would fail them all.
func (r Runner) fetch(ctx context.Context, cells []Cell, todo []int) error {
	type source struct{ data, dir string }
	fetched := map[source]bool{}
	for _, i := range todo {
		spec := cells[i].Spec
		from := source{spec.Data, spec.DataDir}
		if r.Fetch == nil || fetched[from] {
			continue
		}
		fetched[from] = true
		if err := r.Fetch(ctx, spec); err != nil {
			return err
		}
	}
	return nil
}

// load fills in the results that the folder has, and returns the indices of the cells that are to be trained.
func (r Runner) load(cells []Cell, results []Result) (todo []int, err error) {
	otherBuilds := 0
	var train []Cell
	for i, cell := range cells {
		summary, err := r.Folder.Load(cell)
		switch {
		case err == nil:
			results[i] = Result{Cell: cell, Summary: summary}
			continue
		case errors.Is(err, ErrAbsent):
		case errors.Is(err, ErrOtherBuild):
			otherBuilds++
		case errors.Is(err, ErrDamaged):
			aside, asideErr := r.Folder.SetAside(cell)
			if asideErr != nil {
				return nil, errors.Join(err, asideErr)
			}
			r.Observer.note(fmt.Sprintf("%v; it is now %s, and the cell is trained again", err, aside))
		default:
			return nil, fmt.Errorf("reading a result: %w", err)
		}
		todo, train = append(todo, i), append(train, cell)
	}
	if otherBuilds > 0 {
		r.Observer.note(fmt.Sprintf("%d results are of another build of this program, which may train otherwise: "+
			"they are trained again", otherBuilds))
	}
	r.Observer.start(len(cells)-len(todo), train)
	return todo, nil
}

func (o Observer) note(text string) {
	if o.Note != nil {
		o.Note(text)
	}
}

func (o Observer) start(kept int, train []Cell) {
	if o.Start != nil {
		o.Start(kept, train)
	}
}

func (o Observer) step() {
	if o.Step != nil {
		o.Step()
	}
}

func (o Observer) done(result Result, done, left int) {
	if o.Done != nil {
		o.Done(result, done, left)
	}
}
