module quintet/scripts/vek

go 1.26.0

require (
	github.com/viterin/vek v0.4.3
	quintet v0.0.0
)

require (
	github.com/chewxy/math32 v1.10.1 // indirect
	github.com/viterin/partial v1.1.0 // indirect
	golang.org/x/exp v0.0.0-20240506185415-9bf2ced13842 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace quintet => ../..
