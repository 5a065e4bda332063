src/deep/er/x_test.go
