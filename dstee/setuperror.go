package dstee

// SetupError says why the weights of a model cannot be made sparse as asked. Training meets it when it builds its first
// graph, and GoMLX then wraps it in what it was doing, with its stack: errors.As finds it there.
type SetupError struct{ err error }

// Error says what does not fit, with which value, and in which layer.
func (e *SetupError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.err }
