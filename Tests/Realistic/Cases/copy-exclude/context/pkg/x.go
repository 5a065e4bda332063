pkg/x.go
