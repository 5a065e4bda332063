src/deep/er/x.go
