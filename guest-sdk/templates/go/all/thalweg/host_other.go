//go:build !wasm

package thalweg

// Logged is what was logged in a test, where there is no host.
var Logged []string

// Log writes a message to the host's log, the one thing that a module can reach.
func Log(_ Level, message string) {
	Logged = append(Logged, message)
}
