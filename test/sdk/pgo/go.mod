module pgotest

go 1.22
