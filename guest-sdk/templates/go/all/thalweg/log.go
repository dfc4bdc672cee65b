package thalweg

import "thalweg/bindings/thalweg_module_log"

// Level is how much a message matters.
type Level = thalweg_module_log.Level

// The levels of messages.
const (
	Debug = thalweg_module_log.Level_Debug
	Info  = thalweg_module_log.Level_Info
	Warn  = thalweg_module_log.Level_Warn
	Error = thalweg_module_log.Level_Error
)
