module narthex/tests/template

go 1.22
