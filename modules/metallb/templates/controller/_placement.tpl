{{- /*
nodeSelector and tolerations of the controllers and of what works for them; in Deckhouse those of its system components
unless set.
*/ -}}
{{- define "metallb.controllerPlacement" -}}
{{- $module := .Values.metallb -}}
{{- $selector := $module.nodeSelector -}}
{{- $tolerations := $module.tolerations -}}
{{- if include "metallb.inDeckhouse" . -}}
  {{- $nodes := dig "discovery" "d8SpecificNodeCountByRole" dict .Values.global -}}
  {{- range $role := list "metallb" "system" -}}
    {{- if and (not $selector) (gt (dig $role 0 $nodes | int) 0) -}}
      {{- $selector = dict (printf "node-role.deckhouse.io/%s" $role) "" -}}
    {{- end -}}
  {{- end -}}
  {{- if not $tolerations -}}
    {{- range $value := list "metallb" "system" -}}
      {{- $tolerations = append $tolerations (dict "key" "dedicated.deckhouse.io" "operator" "Equal" "value" $value) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- with $selector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end -}}
