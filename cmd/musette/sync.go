package main

import "context"

type syncCmd struct {
	settings
	IDs  []int64 `arg:"" optional:"" name:"id" help:"only these activities"`
	JSON bool    `help:"one line of JSON at the end, as of musette status --json"`
}

func (syncCmd) Help() string {
	return `musette sync                  everything that is due, as far as Strava's limits allow
musette sync 19403555631      only this activity
musette sync --json`
}

func (c *syncCmd) Run(context.Context, *app) error {
	return failed("", "syncing is not wired yet")
}
