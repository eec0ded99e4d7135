// Package lines serves questions that come one JSON document a line on standard input, and answers each by one line on standard output.
package lines

import (
	"bufio"
	"encoding/json"
	"os"
)

// Serve answers until the input ends. What answer returns is written as JSON; a question is one JSON document.
func Serve(answer func(question []byte) any) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		if err := encoder.Encode(answer(in.Bytes())); err != nil {
			panic(err)
		}
		if err := out.Flush(); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}
