module example/late

go 1.24

require thalweg v0.0.0

replace thalweg => ../../../guest-sdk/templates/go/all/thalweg
