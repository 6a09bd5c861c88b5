package main

import "context"

type statusCmd struct {
	settings
	JSON bool `help:"one line of JSON"`
}

func (statusCmd) Help() string {
	return `musette status
musette status --json | jq .quota`
}

func (c *statusCmd) Run(context.Context, *app) error {
	return failed("", "the status is not wired yet")
}
