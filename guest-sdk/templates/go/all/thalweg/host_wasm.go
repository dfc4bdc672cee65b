package thalweg

import (
	_ "thalweg/bindings/exports" // what the host calls
	"thalweg/bindings/thalweg_module_log"
)

// Log writes a message to the host's log, the one thing that a module can reach.
func Log(level Level, message string) {
	thalweg_module_log.Write(level, message)
}
