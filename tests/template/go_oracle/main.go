// What Go's own text/template says to the cases of a file: a line of JSON a case, in and out.
//
//	go run main.go < ../cases.jsonl > ../answers.jsonl
//
// The tests read the two files and need no Go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"text/template"
)

type Data struct {
	Labels map[string]string
	Value  float64
	Int    int
	Nil    any
	List   []any
	Strs   []string
	Any    map[string]any
	Inf    float64
	NaN    float64
	F      func(string) string
}

func (Data) Method(s string) string { return "m:" + s }
func (Data) Nop() string            { return "nop" }

func main() {
	data := Data{
		Labels: map[string]string{"job": "node", "b": "x y"},
		Value:  1.5,
		Int:    3,
		List:   []any{1, "two", 3.5, nil},
		Strs:   []string{"a", "b", "c"},
		Any:    map[string]any{"k": 1, "z": nil},
		Inf:    math.Inf(1),
		NaN:    math.NaN(),
		F:      strings.ToUpper,
	}
	functions := template.FuncMap{
		"up":   strings.ToUpper,
		"addf": func(a, b float64) float64 { return a + b },
		"addi": func(a, b int) int { return a + b },
		"fail": func() (string, error) { return "", fmt.Errorf("boom") },
		"args": func(args ...any) map[string]any {
			named := map[string]any{}
			for i, arg := range args {
				named[fmt.Sprintf("arg%d", i)] = arg
			}
			return named
		},
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		answer, err := json.Marshal(answerTo(text, functions, data))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(answer))
	}
}

func answerTo(text string, functions template.FuncMap, data Data) string {
	parsed, err := template.New("t").Funcs(functions).Option("missingkey=zero").Parse(text)
	if err != nil {
		return "PARSE " + err.Error()
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data); err != nil {
		return "EXEC " + err.Error()
	}
	return "OK " + out.String()
}
