src/keep/special_test.go
