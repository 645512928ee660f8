{{- /*
The key file of heartbeats as YAML {keys: […], rotation: N}: the first key signs, all verify.

It always holds the key that will sign next, so that nodes that have not restarted yet understand those that have:

  [signer, next]  →  rotation  →  [next, new, signer]  →  rotation  →  [new, newer, next]

A rotation is one step, however far the setting was raised. It waits until every node has the keys of the one before:
the key that signs then is the one that came with it.
*/ -}}
{{- define "metallb.heartbeatKeys" -}}
{{- $namespace := include "metallb.namespace" . -}}
{{- $wanted := int .Values.metallb.heartbeat.rotation -}}
{{- $secret := lookup "v1" "Secret" $namespace "metallb-heartbeat" | default dict -}}
{{- $text := dig "data" "keys" "" $secret | b64dec -}}
{{- $keys := regexSplit "\\s+" $text -1 | compact -}}
{{- $rotation := dig "metadata" "annotations" "metallb.deckhouse.io/heartbeat-rotation" "0" $secret | int -}}
{{- if lt (len $keys) 2 -}}
  {{- if not $keys -}}
    {{- $rotation = $wanted -}}
    {{- $keys = list (randBytes 32) -}}
  {{- end -}}
  {{- $keys = append $keys (randBytes 32) -}}
{{- else if gt $wanted $rotation -}}
  {{- include "metallb.refuseDuringRollout" (list . $wanted) -}}
  {{- $rotation = $wanted -}}
  {{- $keys = list (index $keys 1) (randBytes 32) (index $keys 0) -}}
{{- end -}}
{{- dict "keys" $keys "rotation" $rotation | toYaml -}}
{{- end -}}

{{- define "metallb.refuseDuringRollout" -}}
{{- $namespace := include "metallb.namespace" (index . 0) -}}
{{- $speaker := lookup "apps/v1" "DaemonSet" $namespace "speaker" | default dict -}}
{{- $seen := dig "status" "observedGeneration" 0 $speaker | int -}}
{{- $wanted := dig "status" "desiredNumberScheduled" 0 $speaker | int -}}
{{- $updated := dig "status" "updatedNumberScheduled" 0 $speaker | int -}}
{{- if or (lt $seen (dig "metadata" "generation" 0 $speaker | int)) (lt $updated $wanted) -}}
{{- fail (printf "heartbeat.rotation %d has to wait: %d of %d nodes run the speaker of the release before; see kubectl --namespace %s rollout status daemonset/speaker" (index . 1) $updated $wanted $namespace) -}}
{{- end -}}
{{- end -}}
