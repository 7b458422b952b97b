package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// plan says how long to measure.
type plan struct {
	threads int
	density float64
	seconds float64 // Of rounds, per work.
	burst   float64 // Seconds of steps that a worker takes before it is another's turn.
	rounds  int     // At least.
	slow    float64 // Seconds of a step from which on its first is followed by one burst only, however many rounds there are.
}

// trainee is a worker in training.
type trainee struct {
	*client
	result   *Result
	training *Training // Of the result.
	masked   bool
	burst    int // Steps at a time.
	slow     bool
}

// job is works to measure, and the names of the peers to measure at them.
type job struct {
	works []work.Work
	peers []string
}

// measureAll sets up the peers and measures them at one work after the other. The report comes with an error, too: of the
// works before.
func measureAll(ctx context.Context, p plan, jobs []job, say teller) (*Report, error) {
	report := &Report{Machine: machine(), Threads: p.threads, Density: p.density}
	dir, err := os.MkdirTemp("", "benchmarks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, j := range jobs {
		chosen, err := peersByNames(j.peers...)
		if err != nil {
			return report, err
		}
		if len(j.works) == 0 || len(chosen) == 0 {
			return report, errors.New("there is nothing to measure: choose --works and --peers")
		}
		t, err := setUp(ctx, chosen, dir, say)
		if err != nil {
			return report, err
		}
		for _, peer := range chosen {
			if peer.ours {
				continue
			}
			if err := checkRule(ctx, peer.command(t, p.threads)); err != nil {
				return report, fmt.Errorf("%s: %w", peer.name, err)
			}
		}
		for _, w := range j.works {
			results, err := measure(ctx, p, w, chosen, t, say)
			if err != nil {
				return report, err
			}
			report.Results = append(report.Results, results...)
		}
	}
	return report, nil
}

// machine names the processor and the system.
func machine() string {
	system := backends.Diagnose().System
	return fmt.Sprintf("%s, %d cores, %s/%s", system.CPU, system.Cores, system.OS, system.Arch)
}

// measure measures the peers at a work: each trains densely and masked, in a process of its own. The processes live as
// long as the measurement and take turns, so that whatever slows down the machine for a while slows all.
func measure(ctx context.Context, p plan, w work.Work, chosen []peer, t tools, say teller) (results []Result, err error) {
	batches := filepath.Join(t.goWorkers, w.Name+".batches")
	if err := work.NewBatches(w, 1).Write(batches); err != nil {
		return nil, fmt.Errorf("writing batches: %w", err)
	}
	if err := useCores(p.threads); err != nil {
		return nil, err
	}
	results = make([]Result, len(chosen))
	var trainees []*trainee
	defer func() {
		for _, x := range trainees {
			if ended := x.close(); err == nil && ended != nil {
				err = fmt.Errorf("ending a worker of %s: %w", x.result.Peer, ended)
			}
		}
	}()
	for i, peer := range chosen {
		results[i] = Result{Work: w.Name, Peer: peer.name}
		for _, masked := range []bool{false, true} {
			x := &trainee{result: &results[i], masked: masked, training: &results[i].Dense}
			request := work.Request{Do: work.Prepare, Work: &w, Batches: batches, Density: 1, Threads: p.threads}
			if masked {
				x.training, request.Density = &results[i].Masked, p.density
			}
			if x.client, err = start(ctx, peer.command(t, p.threads)); err != nil {
				return nil, err
			}
			trainees = append(trainees, x)
			if err := x.begin(p, request); err != nil {
				return nil, fmt.Errorf("%s at %s, masked %t: %w", peer.name, w.Name, masked, err)
			}
			say("%s: %s, masked %t: first step after %.1f s", w.Name, peer.name, masked, x.training.Start)
		}
	}
	began := time.Now()
	for round := 0; round < p.rounds || time.Since(began).Seconds() < p.seconds; round++ {
		// Whoever comes after the same neighbor every time would inherit what that leaves in the caches.
		for i := range trainees {
			x := trainees[(i+round)%len(trainees)]
			if x.slow && round > 0 {
				continue
			}
			if err := x.turn(); err != nil {
				return nil, fmt.Errorf("%s at %s, masked %t: %w", x.result.Peer, w.Name, x.masked, err)
			}
		}
	}
	for i, peer := range chosen {
		if peer.ours && w.Images() {
			if err := trainees[2*i].fetch(); err != nil {
				return nil, fmt.Errorf("loading data for %s: %w", w.Name, err)
			}
		}
	}
	say("%s: %.1f s of rounds", w.Name, time.Since(began).Seconds())
	return results, check(w, p.density, results)
}

// begin builds the training, takes its first steps and, if it is masked, updates the masks once.
func (x *trainee) begin(p plan, request work.Request) error {
	reply, err := x.ask(request)
	if err != nil {
		return err
	}
	x.result.Version = reply.Peer
	x.training.IdleMemory = peakMemory(x.cmd.Process.Pid)
	if x.training.FirstStep, err = x.steps(1); err != nil {
		return err
	}
	x.training.Start = time.Since(x.began).Seconds()
	if reply, err = x.ask(work.Request{Do: work.Describe}); err != nil {
		return err
	}
	x.result.Parameters, x.result.MACs, x.result.Sizes = reply.Parameters, reply.MACs, reply.Sizes
	if x.masked {
		if _, err := x.update(); err != nil { // Compiles.
			return err
		}
	}
	step, err := x.steps(1)
	if err != nil {
		return err
	}
	x.slow = step > p.slow
	if step < p.burst { // Measure again, warm.
		if step, err = x.steps(2); err != nil {
			return err
		}
	}
	x.burst = max(1, int(p.burst/step))
	return nil
}

// turn takes a burst of steps and, if the training is masked, updates the masks and takes one more.
func (x *trainee) turn() error {
	step, err := x.steps(x.burst)
	if err != nil {
		return err
	}
	x.training.Step = append(x.training.Step, step)
	if x.masked {
		update, err := x.update()
		if err != nil {
			return err
		}
		after, err := x.steps(1)
		if err != nil {
			return err
		}
		x.result.Update, x.result.AfterUpdate = append(x.result.Update, update), append(x.result.AfterUpdate, after)
	}
	x.training.PeakMemory = peakMemory(x.cmd.Process.Pid)
	return nil
}

// steps takes steps and returns how long one took.
func (x *trainee) steps(count int) (float64, error) {
	reply, err := x.ask(work.Request{Do: work.Steps, Count: count})
	if err != nil {
		return 0, err
	}
	if math.IsNaN(reply.Loss) || math.IsInf(reply.Loss, 0) || reply.Loss <= 0 {
		return 0, fmt.Errorf("the loss became %g", reply.Loss)
	}
	return reply.Seconds / float64(count), nil
}

// update updates the masks. Counts must stay what they were.
func (x *trainee) update() (float64, error) {
	reply, err := x.ask(work.Request{Do: work.Update})
	if err != nil {
		return 0, err
	}
	if reply.Moved == 0 {
		return 0, errors.New("a mask update moved nothing")
	}
	if x.result.Active != nil && !slices.Equal(reply.Active, x.result.Active) {
		return 0, fmt.Errorf("a mask update left %d active weights of %d, before there were %d",
			reply.Active, x.result.Sizes, x.result.Active)
	}
	x.result.Active = reply.Active
	return reply.Seconds, nil
}

// fetch measures how long reading a batch takes.
func (x *trainee) fetch() error {
	const batches = 10
	for range 5 {
		reply, err := x.ask(work.Request{Do: work.Fetch, Count: batches})
		if err != nil {
			return err
		}
		x.result.Fetch = append(x.result.Fetch, reply.Seconds/batches)
	}
	return nil
}
