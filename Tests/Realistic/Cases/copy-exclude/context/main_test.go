main_test.go
