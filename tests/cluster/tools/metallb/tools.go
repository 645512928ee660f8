//go:build tools

// Package tools names the commands that the cluster tests build. Nothing imports it.
package tools

import (
	_ "go.universe.tf/metallb/controller"
	_ "go.universe.tf/metallb/speaker"
)
