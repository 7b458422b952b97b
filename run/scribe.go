package run

import "sync/atomic"

// scribe writes files while training goes on: it does jobs one after the other, in the order they were given, in the
// background. After one has failed it does no more.
type scribe struct {
	jobs   chan func() error
	ended  chan struct{}
	failed atomic.Pointer[error]
}

// queued is how many jobs may wait. A mask update's holds a copy of all that it chose from.
const queued = 16

func newScribe() *scribe {
	s := &scribe{jobs: make(chan func() error, queued), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for job := range s.jobs {
			if s.err() != nil {
				continue
			}
			if err := job(); err != nil {
				s.failed.Store(&err)
			}
		}
	}()
	return s
}

// do has a job done later. It returns the error of a job before, if one has failed.
func (s *scribe) do(job func() error) error {
	if err := s.err(); err != nil {
		return err
	}
	s.jobs <- job
	return nil
}

// close waits until all jobs are done, and returns the first error of any.
func (s *scribe) close() error {
	close(s.jobs)
	<-s.ended
	return s.err()
}

func (s *scribe) err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
