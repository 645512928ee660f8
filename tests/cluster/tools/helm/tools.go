//go:build tools

// Package tools names the command that the cluster tests build. Nothing imports it.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
