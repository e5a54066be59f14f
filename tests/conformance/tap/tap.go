// Package tap writes the Test Anything Protocol, version 13: what the validation suite reports in.
//
// The suite imports github.com/mndrix/tap-go, which Debian does not ship; this is a package of
// our own with the methods that the suite calls. A description becomes one line: a line break
// in it would end the test line, and whoever reads the report would see half of it.
//
// SPDX-License-Identifier: MIT
package tap

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// T is one report; tests are numbered from 1.
type T struct {
	count   *int
	planned bool
	todo    bool
}

// New starts a report on standard output.
func New() *T { return &T{count: new(int)} }

// Header writes the version, and the plan if the number of tests is known.
func (t *T) Header(tests int) {
	fmt.Println("TAP version 13")
	if tests > 0 {
		t.planned = true
		fmt.Printf("1..%d\n", tests)
	}
}

// AutoPlan writes the plan at the end, for reports whose number of tests was not known.
func (t *T) AutoPlan() {
	if !t.planned {
		fmt.Printf("1..%d\n", *t.count)
	}
}

// Ok reports one test.
func (t *T) Ok(passed bool, description string) {
	directive := ""
	if t.todo {
		directive = " # TODO"
	}
	t.line(passed, " - "+oneLine(description)+directive)
}

// Pass reports a test that passed.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail reports a test that failed.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip reports tests that were left out, and why.
func (t *T) Skip(tests int, description string) {
	for i := 0; i < tests; i++ {
		t.line(true, " # SKIP "+oneLine(description))
	}
}

// Todo gives the same report for tests that are not expected to pass yet.
func (t *T) Todo() *T { return &T{count: t.count, planned: t.planned, todo: true} }

// Diagnostic writes a comment.
func (t *T) Diagnostic(text string) {
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Println("# " + line)
	}
}

// Diagnosticf is Diagnostic with a format.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, values...))
}

// YAML writes details below the last test. JSON is YAML too.
func (t *T) YAML(details interface{}) error {
	text, err := json.MarshalIndent(details, "  ", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "  ---\n  %s\n  ...\n", text)
	return err
}

func (t *T) line(passed bool, rest string) {
	*t.count++
	word := "ok"
	if !passed {
		word = "not ok"
	}
	fmt.Printf("%s %d%s\n", word, *t.count, rest)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
