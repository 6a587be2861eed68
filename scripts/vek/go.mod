module vek

go 1.26.0

require github.com/viterin/vek v0.4.3
