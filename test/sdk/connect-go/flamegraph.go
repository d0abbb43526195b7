package main

import (
	"strconv"

	querierv1 "flamelake.dev/test/connectgo/gen/querier/v1"
)

// A flame graph as it was understood: self values by path, root first, and what there was no place for.
type flameGraph struct {
	Root    string            `json:"root"`
	Total   string            `json:"total"`
	Selfs   map[string]string `json:"selfs"`
	Dropped int               `json:"dropped"`
}

type bar struct {
	path       string
	start, end int64
}

// Reads levels under the conditions that the datasource's reader has. It trusts them where that one does, so what would make that one
// panic makes this one panic: a level 0 of less than one bar, no names, an index beyond them. It takes the offset of the first bar for the
// index of the root's name. Going down, it keeps one place in the level above and never goes back; from the first bar that lies
// outside the bar at that place on, the level is dropped.
func readFlameGraph(graph *querierv1.FlameGraph) *flameGraph {
	levels := graph.GetLevels()
	if len(levels) == 0 {
		return nil
	}
	root := levels[0].Values
	read := &flameGraph{
		Root:  graph.Names[root[0]],
		Total: strconv.FormatInt(root[1], 10),
		Selfs: map[string]string{"": strconv.FormatInt(root[2], 10)},
	}
	if graph.Names[root[3]] != read.Root || len(root) != 4 || graph.Total != root[1] {
		read.Dropped++
	}
	above := []bar{{"", root[0], root[0] + root[1]}}
	for _, level := range levels[1:] {
		above = readLevel(graph, level.Values, above, read)
	}
	return read
}

func readLevel(graph *querierv1.FlameGraph, values []int64, above []bar, read *flameGraph) []bar {
	var here []bar
	var end int64
	up := 0
	for i := 0; i < len(values); i += 4 {
		start := end + values[i]
		end = start + values[i+1]
		for up < len(above) && start >= above[up].end {
			up++
		}
		if up == len(above) || start < above[up].start || end > above[up].end {
			read.Dropped += (len(values) - i + 3) / 4
			return here
		}
		path := graph.Names[values[i+3]]
		if above[up].path != "" {
			path = above[up].path + ";" + path
		}
		if _, known := read.Selfs[path]; known {
			read.Dropped++ // two bars of one path: one of them would be lost here
		}
		read.Selfs[path] = strconv.FormatInt(values[i+2], 10)
		here = append(here, bar{path, start, end})
	}
	return here
}
