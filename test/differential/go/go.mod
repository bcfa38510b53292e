// Without dependencies, so that `go run .` needs no network. Go 1.24 is the first with today's strict defaults for
// certificates (small RSA keys, SHA-1, policies); a newer toolchain keeps them under this line.
module farrier/test/differential

go 1.24
