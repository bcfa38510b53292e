// Command pem finds the PEM blocks of texts as the agents of Rancher do: with Go's own encoding/pem.
//
// It reads one text per line on standard input and prints the blocks of each on a line of standard output.
package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

type text struct {
	ID    int    `json:"id"`
	Bytes []byte `json:"bytes"`
}

type block struct {
	Type       string `json:"type"`
	HasHeaders bool   `json:"hasHeaders"`
	Bytes      []byte `json:"bytes"`
}

type found struct {
	ID     int     `json:"id"`
	Blocks []block `json:"blocks"`
}

func main() {
	if err := readAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readAll(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	buffered := bufio.NewWriter(out)
	defer buffered.Flush()
	encoder := json.NewEncoder(buffered)
	for {
		var next text
		if err := decoder.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(found{ID: next.ID, Blocks: blocksOf(next.Bytes)}); err != nil {
			return err
		}
	}
}

func blocksOf(rest []byte) []block {
	blocks := []block{}
	for {
		var next *pem.Block
		if next, rest = pem.Decode(rest); next == nil {
			return blocks
		}
		blocks = append(blocks, block{Type: next.Type, HasHeaders: len(next.Headers) > 0, Bytes: next.Bytes})
	}
}
