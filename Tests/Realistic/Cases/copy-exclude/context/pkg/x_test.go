pkg/x_test.go
