{{/* The pod of a component. Call with root, component (its target) and values. */}}
{{- define "flamelake.pod" -}}
{{- $root := .root -}}
{{- $files := fromYaml (include "flamelake.secretFiles" $root.Values.secrets) -}}
{{- /* A scraper opens no bucket and no log: it gets no secrets of theirs. */}}
{{- if eq .component "scraper" }}{{ $files = pick $files "server-tls" }}{{ end -}}
metadata:
  labels:
    {{- include "flamelake.selector" . | nindent 4 }}
    {{- with .values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Another configuration is another pod.
    checksum/config: {{ include "flamelake.config" $root | sha256sum }}
    {{- with .values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- $scrapes := include "flamelake.scrapes" . }}
  serviceAccountName: {{ if $scrapes }}{{ include "flamelake.scraperAccountName" $root }}{{ else }}{{ include "flamelake.serviceAccountName" $root }}{{ end }}
  automountServiceAccountToken: {{ or $root.Values.serviceAccount.automountToken (and (eq $scrapes "yes") (ne (include "flamelake.scrapesCluster" $root) "")) }}
  # They would be taken for options that there are not.
  enableServiceLinks: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{ toYaml $root.Values.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity: {{ tpl (toYaml .) $root | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if .values.topologySpreadConstraints }}
    {{- tpl (toYaml .values.topologySpreadConstraints) $root | nindent 4 }}
    {{- else }}
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: { matchLabels: { {{- include "flamelake.selector" $ | replace "\n" ", " -}} } }
      {{- if ne $.component "all" }}
      # Pods that a rollout is about to replace do not count: those that stay would be uneven.
      matchLabelKeys: [pod-template-hash]
      {{- end }}
    {{- end }}
    {{- end }}
  initContainers:
    {{- with .values.extraInitContainers }}{{ tpl (toYaml .) $root | nindent 4 }}{{ end }}
    {{- if $root.Values.configCheck.enabled }}
    - name: config-check
      {{- include "flamelake.container" (dict "root" $root "values" .values "files" $files "component" .component) | nindent 6 }}
      args: {{ include "flamelake.arguments" (dict "root" $root "words" (list "config" "check") "component" .component "values" .values) }}
    {{- end }}
  containers:
    - name: flamelake
      {{- include "flamelake.container" (dict "root" $root "values" .values "files" $files "component" .component) | nindent 6 }}
      args: {{ include "flamelake.arguments" (dict "root" $root "words" (list "serve") "component" .component "values" .values) }}
      ports:
        - { name: http, containerPort: 4040 }
        {{- if eq .component "querier" }}
        - { name: tasks, containerPort: 9095 }
        {{- end }}
      startupProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ include "flamelake.scheme" $root }} }
        periodSeconds: 2
        failureThreshold: 60
      readinessProbe:
        httpGet: { path: /ready, port: http, scheme: {{ include "flamelake.scheme" $root }} }
        periodSeconds: 5
        timeoutSeconds: 5
      livenessProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ include "flamelake.scheme" $root }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
    {{- with .values.extraContainers }}{{ tpl (toYaml .) $root | nindent 4 }}{{ end }}
  volumes:
    - name: config
      configMap: { name: {{ include "flamelake.fullname" $root }} }
    {{- if $scrapes }}
    # No checksum: it is read again as it changes.
    - name: scrape
      configMap: { name: {{ include "flamelake.fullname" $root }}-scrape }
    {{- end }}
    {{- range $name, $secret := $files }}
    {{- if $secret }}
    - name: {{ $name }}
      secret: { secretName: {{ $secret }} }
    {{- end }}
    {{- end }}
    {{- if and (eq .component "all") .values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim: { claimName: {{ .values.persistence.existingClaim }} }
    {{- end }}
    {{- with .values.extraVolumes }}{{ tpl (toYaml .) $root | nindent 4 }}{{ end }}
{{- end -}}

{{/* What the server and its check have in common. */}}
{{- define "flamelake.container" -}}
image: {{ include "flamelake.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{ toYaml .root.Values.securityContext | nindent 2 }}
resources: {{ toYaml .values.resources | nindent 2 }}
env:
  - name: NODE_ENV
    value: production
  {{- if ne .component "scraper" }}
  {{- include "flamelake.secretEnv" (fromYaml (include "flamelake.secrets" .root)) | nindent 2 }}
  {{- end }}
  {{- with .values.extraEnv }}{{ tpl (toYaml .) $.root | nindent 2 }}{{ end }}
{{- with .values.extraEnvFrom }}
envFrom: {{ tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: config, mountPath: /etc/flamelake/config, readOnly: true }
  {{- if include "flamelake.scrapes" . }}
  - { name: scrape, mountPath: /etc/flamelake/scrape, readOnly: true }
  {{- end }}
  {{- range $name, $secret := .files }}
  {{- if $secret }}
  - { name: {{ $name }}, mountPath: /etc/flamelake/{{ $name }}, readOnly: true }
  {{- end }}
  {{- end }}
  {{- if eq .component "all" }}
  - { name: data, mountPath: /data }
  {{- end }}
  {{- with .values.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{- define "flamelake.arguments" -}}
{{- $words := concat .words (list "--config.file=/etc/flamelake/config/flamelake.yaml" (printf "--target=%s" .component)) -}}
{{- if include "flamelake.scrapes" . }}{{ $words = append $words "--scraper.config-file=/etc/flamelake/scrape/scrape.yaml" }}{{ end -}}
{{- range $name, $value := .values.options }}{{ $words = append $words (printf "--%s=%v" $name $value) }}{{ end -}}
{{ toJson $words }}
{{- end -}}
