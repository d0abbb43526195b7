module flamelake.test/pull

go 1.24
