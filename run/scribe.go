package run

import (
	"sync"
	"sync/atomic"
)

// scribe writes files while training goes on: it does jobs one after the other, in the order they were given, in the
// background. After one has failed it does no more.
type scribe struct {
	jobs    chan func() error
	pending sync.WaitGroup
	failed  atomic.Pointer[error]
}

// queued is how many jobs may wait.
const queued = 64

func newScribe() *scribe {
	s := &scribe{jobs: make(chan func() error, queued)}
	go func() {
		for job := range s.jobs {
			if s.err() == nil {
				if err := job(); err != nil {
					s.failed.Store(&err)
				}
			}
			s.pending.Done()
		}
	}()
	return s
}

// do has a job done later. It returns the error of a job before, if one has failed.
func (s *scribe) do(job func() error) error {
	if err := s.err(); err != nil {
		return err
	}
	s.pending.Add(1)
	s.jobs <- job
	return nil
}

// drain waits until all jobs are done, and returns the first error of any.
func (s *scribe) drain() error {
	s.pending.Wait()
	return s.err()
}

// close ends the scribe when all jobs are done, and returns the first error of any.
func (s *scribe) close() error {
	close(s.jobs)
	return s.drain()
}

func (s *scribe) err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
