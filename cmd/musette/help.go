package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// withoutHelp reports whether help was asked for, as `help sync`, `sync --help` or `sync -h`, and returns the words
// that say about what.
func withoutHelp(args []string) (rest []string, asked bool) {
	if len(args) > 0 && args[0] == "help" {
		return slices.DeleteFunc(slices.Clone(args[1:]), func(arg string) bool { return arg == "--help" || arg == "-h" }), true
	}
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--help" || arg == "-h" {
			return args[:i], true
		}
	}
	return args, false
}

// help writes about the command that the words name, or about all, and returns the exit code.
func help(w io.Writer, parser *kong.Kong, words []string) int {
	if len(words) == 1 && words[0] == "settings" {
		helpSettings(w)
		return exitDone
	}
	node := parser.Model.Node
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			break
		}
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
		if i < 0 {
			if node.Leaf() {
				break // an argument
			}
			return report(parser.Stderr, misused("`musette help` lists the commands", "there is no command `%s`", word))
		}
		node = node.Children[i]
	}
	if node.Type == kong.ApplicationNode {
		helpAll(w, node)
	} else {
		helpCommand(w, node)
	}
	return exitDone
}

const helpExamples = `  musette demo              look around, with a made-up athlete and no account
  musette connect           connect your Strava account
  musette serve             keep the copy and serve it`

func helpAll(w io.Writer, node *kong.Node) {
	fmt.Fprintf(w, "musette: %s\n\nUsage: musette <command> [flags]\n\nCommands:\n", node.Help)
	listCommands(w, node)
	fmt.Fprintf(w, "\nExamples:\n%s\n\n`musette help <command>` says more, `musette help settings` lists the settings\n", helpExamples)
}

func helpCommand(w io.Writer, node *kong.Node) {
	fmt.Fprintf(w, "%s: %s\n\nUsage: %s\n", node.FullPath(), node.Help, usage(node))
	if !node.Leaf() {
		fmt.Fprint(w, "\nCommands:\n")
		listCommands(w, node)
	}
	if len(node.Positional)+len(node.Flags) > 0 {
		fmt.Fprint(w, "\nFlags:\n")
		listValues(w, node)
	}
	if node.Detail != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", indent(node.Detail))
	}
}

// helpSettings lists what can be set. The order of the sources is that of [loadConfig].
func helpSettings(w io.Writer) {
	var t, policy table
	for _, s := range settingsTable {
		about := s.about
		if s.byDefault != "" {
			about += " (" + s.byDefault + ")"
		}
		if isPolicy(s.name) {
			policy.row("", s.name, about)
		} else {
			t.row("", s.name, about)
		}
	}
	fmt.Fprint(w, "musette settings: where one is named twice, the first of these counts: a flag, the environment,\n.env in the working directory, musette.yaml there (or --config FILE), the default; an empty one counts as not set\n\nSettings:\n")
	_ = t.write(w)
	fmt.Fprint(w, "\nPolicy, when what is fetched; the defaults suit most:\n")
	_ = policy.write(w)
	fmt.Fprint(w, "\nExamples:\n  MUSETTE_GOAL_M=1000000 musette serve   in the environment\n  MUSETTE_GOAL_M=1000000                 as a line of .env\n  goal_m: 1000000                        as a line of musette.yaml: lower case, without MUSETTE_\n  policy: {sweep: 48h}                   the same for MUSETTE_POLICY_SWEEP; policy.sweep: 48h will do too\n  musette serve --print-config           what counts now, and where it came from\n")
}

// usage is `musette sync [ID...] [flags]`.
func usage(node *kong.Node) string {
	words := []string{node.FullPath()}
	if !node.Leaf() {
		words = append(words, "<command>")
	}
	for _, arg := range node.Positional {
		word := strings.ToUpper(arg.Name)
		if arg.IsCumulative() {
			word += "..."
		}
		if !arg.Required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	if len(node.Flags) > 0 {
		words = append(words, "[flags]")
	}
	return strings.Join(words, " ")
}

func listCommands(w io.Writer, node *kong.Node) {
	var t table
	for _, child := range node.Children {
		t.row("", child.Name, child.Help)
	}
	_ = t.write(w) // a terminal that has gone can't be told
}

// listValues writes the arguments, then the flags.
func listValues(w io.Writer, node *kong.Node) {
	var t table
	for _, arg := range node.Positional {
		t.row("", strings.ToUpper(arg.Name), arg.Help)
	}
	for _, flag := range ownFirst(node.Flags) {
		name := "--" + flag.Name
		if !flag.IsBool() {
			name += " " + strings.TrimSuffix(flag.FormatPlaceHolder(), ",...")
		}
		help := flag.Help
		if flag.HasDefault && !strings.Contains(help, "left out") {
			help += " (" + flag.Default + ")"
		}
		t.row("", name, help)
	}
	_ = t.write(w)
}

// ownFirst puts the flags that many commands share last.
func ownFirst(flags []*kong.Flag) []*kong.Flag {
	shared := func(f *kong.Flag) int {
		return slices.Index([]string{"data", "config", "print-config"}, f.Name)
	}
	return slices.SortedStableFunc(slices.Values(flags), func(a, b *kong.Flag) int { return shared(a) - shared(b) })
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}
