{{- /* Not empty where the chart itself cleans up after an uninstallation. Deckhouse has hooks of its own for that. */ -}}
{{- define "metallb.purges" -}}
{{- if and .Values.metallb.purgeOnUninstall (not (include "metallb.inDeckhouse" .)) -}}true{{- end -}}
{{- end -}}

{{- /* Annotations of a hook that comes after an uninstallation and leaves nothing of itself; the argument is its weight. */ -}}
{{- define "metallb.purgeHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end -}}
