//go:build tools

// Package tools names the command that the cluster tests build. Nothing imports it.
package tools

import _ "github.com/flant/shell-operator/cmd/shell-operator"
