// SPDX-License-Identifier: GPL-2.0-or-later
// In: how often, and history or glucose pages with the models of their pumps. Out: how many nanoseconds a page takes, and how
// many records it has: what core/examples/decode.rs does, by the decoder in Go. Check values are left out: it has them elsewhere.

package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ecc1/medtronic"
)

type page struct {
	family medtronic.Family
	data   []byte
}

func history(page page) int {
	records, _ := medtronic.DecodeHistory(page.data, page.family)
	return len(records)
}

// A page is turned round where it lies, so a copy is read.
func glucose(page page) int {
	records, _ := medtronic.DecodeCGMHistory(append([]byte(nil), page.data...))
	return len(records)
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: ROUNDS [glucose] MODEL:FILE...")
	}
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	arguments := os.Args[2:]
	decode := history
	if arguments[0] == "glucose" {
		decode, arguments = glucose, arguments[1:]
	}
	var pages []page
	for _, argument := range arguments {
		model, file, _ := strings.Cut(argument, ":")
		number, err := strconv.Atoi(model)
		if err != nil {
			log.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		pages = append(pages, page{medtronic.Family(number % 100), data[:1022]})
	}
	records := 0
	start := time.Now()
	for round := 0; round < rounds; round++ {
		for _, page := range pages {
			records += decode(page)
		}
	}
	read := float64(rounds * len(pages))
	fmt.Printf("%.0f %.1f\n", float64(time.Since(start).Nanoseconds())/read, float64(records)/read)
}
