module example.org/app

go 1.22

require (
	example.org/router v1.8.1
	example.org/log v0.3.0
)
