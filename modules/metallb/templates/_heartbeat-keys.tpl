{{- /*
The key file of heartbeats as YAML {keys: […], rotation: N}: the newest key first, and three of before.

Speakers read a new file as it comes to them, all verify with every key of theirs, and sign with the newest one that all
nodes hold (network rule 15). So a rotation adds a key at any time; the fourth one after it drops that key, while nodes go by
themselves off keys that none of them needs.

In Deckhouse a hook has made them (hooks/internal-values.ts): what is looked up here can't be where addon-operator renders.
*/ -}}
{{- define "metallb.heartbeatKeys" -}}
{{- $made := dig "internal" "heartbeatKeys" dict .Values.metallb -}}
{{- if $made -}}
{{- toYaml $made -}}
{{- else -}}
{{- $namespace := include "metallb.namespace" . -}}
{{- $wanted := int .Values.metallb.heartbeat.rotation -}}
{{- $secret := lookup "v1" "Secret" $namespace "metallb-heartbeat" | default dict -}}
{{- $text := dig "data" "keys" "" $secret | b64dec -}}
{{- $keys := regexSplit "\\s+" $text -1 | compact -}}
{{- $rotation := dig "metadata" "annotations" "metallb.deckhouse.io/heartbeat-rotation" "0" $secret | int -}}
{{- if or (not $keys) (gt $wanted $rotation) -}}
  {{- $rotation = $wanted -}}
  {{- $keys = slice (prepend $keys (randBytes 32)) 0 (min 4 (add1 (len $keys)) | int) -}}
{{- end -}}
{{- dict "keys" $keys "rotation" $rotation | toYaml -}}
{{- end -}}
{{- end -}}
