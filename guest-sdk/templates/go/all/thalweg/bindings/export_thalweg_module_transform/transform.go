// Package export_thalweg_module_transform is where the bindings look for the module: it calls the one that was given.
package export_thalweg_module_transform

import (
	"thalweg/bindings/thalweg_module_transform"
	"thalweg/bindings/thalweg_module_types"
	"thalweg/wit/types"
)

// The answers of the contract's functions that may fail.
type (
	Opened  = types.Result[thalweg_module_transform.Plan, thalweg_module_transform.ErrorCode]
	Applied = types.Result[thalweg_module_transform.Answer, thalweg_module_transform.ErrorCode]
)

// Module is what the host calls.
type Module interface {
	Describe() thalweg_module_transform.Description
	Open(context thalweg_module_transform.Context) Opened
	Apply(batch thalweg_module_types.Batch) Applied
}

// Exported is the module, set while packages are initialized.
var Exported Module

// Describe is called by the host.
func Describe() thalweg_module_transform.Description {
	return Exported.Describe()
}

// Open is called by the host.
func Open(context thalweg_module_transform.Context) Opened {
	return Exported.Open(context)
}

// Apply is called by the host.
func Apply(batch thalweg_module_types.Batch) Applied {
	return Exported.Apply(batch)
}
