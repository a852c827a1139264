// SPDX-License-Identifier: GPL-2.0-or-later
// In: how often, and history pages with the models of their pumps. Out: how many nanoseconds a page takes, and how many
// records it has: what core/examples/decode.rs does, by the decoder in Go. Check values are left out: it has them elsewhere.

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

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: ROUNDS MODEL:FILE...")
	}
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var pages []page
	for _, argument := range os.Args[2:] {
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
			found, _ := medtronic.DecodeHistory(page.data, page.family)
			records += len(found)
		}
	}
	read := float64(rounds * len(pages))
	fmt.Printf("%.0f %.1f\n", float64(time.Since(start).Nanoseconds())/read, float64(records)/read)
}
