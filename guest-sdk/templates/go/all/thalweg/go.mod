module thalweg

go 1.24
