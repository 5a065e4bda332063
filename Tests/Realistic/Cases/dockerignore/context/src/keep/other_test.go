src/keep/other_test.go
