// The program of this folder is no part of Quintet: it stands beside it to be
// compared with onnxruntime, and has requirements of its own.
module quintet/scripts/onnxruntime

go 1.26.8

require quintet v0.0.0

require (
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace quintet => ../..
