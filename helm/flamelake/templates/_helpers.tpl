{{- define "flamelake.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}{{ .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "flamelake.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "flamelake.labels" -}}
{{ include "flamelake.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "flamelake.image" -}}
{{ include "flamelake.imageName" (mergeOverwrite (dict) .Values.image (dict "tag" (.Values.image.tag | default .Chart.AppVersion))) }}
{{- end -}}

{{- define "flamelake.imageName" -}}
{{ .registry }}/{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}

{{- define "flamelake.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "flamelake.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end -}}
{{- end -}}

{{/* Whether scrapers ask the API of the cluster: only then do they get a token. */}}
{{- define "flamelake.scrapesCluster" -}}
{{- if .Values.scraper.enabled }}{{ range .Values.scraper.scrapeConfigs }}{{ if index . "kubernetes-sd-configs" }}yes{{ end }}{{ end }}{{ end -}}
{{- end -}}

{{/* Account of the pods that scrape: in mode single that of the one pod. */}}
{{- define "flamelake.scraperAccountName" -}}
{{- if eq .Values.mode "single" }}{{ include "flamelake.serviceAccountName" . }}
{{- else if .Values.scraper.serviceAccount.create }}{{ .Values.scraper.serviceAccount.name | default (printf "%s-scraper" (include "flamelake.fullname" .)) }}
{{- else }}{{ .Values.scraper.serviceAccount.name | default "default" }}{{ end -}}
{{- end -}}

{{/* Whether this component scrapes. Call with root and component. */}}
{{- define "flamelake.scrapes" -}}
{{- if and .root.Values.scraper.enabled (has .component (list "all" "scraper")) }}yes{{ end -}}
{{- end -}}

{{/* Components of the mode: name in Kubernetes and target, and the key of its values. */}}
{{- define "flamelake.components" -}}
{{- if eq .Values.mode "single" -}}
all: single
{{- else -}}
distributor: distributor
segment-writer: segmentWriter
query-frontend: queryFrontend
querier: querier
compactor: compactor
{{- if .Values.scraper.enabled }}
scraper: scraper
{{- end }}
{{- end -}}
{{- end -}}

{{/* Values of a component: its own over the defaults. Call with root and key. */}}
{{- define "flamelake.component" -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values .key))) -}}
{{- end -}}

{{- define "flamelake.scheme" -}}
{{ if .Values.secrets.serverTls.existingSecret }}HTTPS{{ else }}HTTP{{ end }}
{{- end -}}

{{/* The configuration file: what the mode needs, and over it what the values say. */}}
{{- define "flamelake.config" -}}
{{- $name := include "flamelake.fullname" . -}}
{{- $own := dict "server" (dict "port" 4040 "drain-delay" "5s") "data" (dict "directory" "/data") -}}
{{- if eq .Values.mode "distributed" -}}
{{- $domain := printf "%s.svc" .Release.Namespace -}}
{{- $_ := set $own "query-frontend" (dict "queriers" (printf "dns:%s-querier.%s:9095" $name $domain)) -}}
{{- $_ := set $own "distributor" (dict "peers" (printf "dns:%s-distributor.%s:4040" $name $domain)) -}}
{{- $_ := set $own "compactor" (dict "peers" (printf "dns:%s-compactor.%s:4040" $name $domain)) -}}
{{- $write := printf "%s://%s-write.%s:%v" (include "flamelake.scheme" . | lower) $name $domain .Values.service.port -}}
{{- $_ := set $own "canary" (dict "push-url" $write) -}}
{{- if .Values.scraper.enabled -}}
{{- $_ := set $own "scraper" (dict "push-url" $write "peers" (printf "dns:%s-scraper.%s:4040" $name $domain)) -}}
{{- end -}}
{{- if .Values.devSet.enabled -}}
{{- $place := printf "%s-dev-%%s.%s:%%v" $name $domain -}}
{{- $_ := set $own "kafka" (dict "brokers" (printf $place "kafka" 9092) "replication-factor" 1 "min-insync-replicas" 1) -}}
{{- $_ := set $own "store" (dict "backend" "s3" "s3" (dict "endpoint" (printf "http://%s" (printf $place "s3" 9000)) "bucket" "flamelake")) -}}
{{- $_ := set $own "redis" (dict "mode" "single" "addresses" (printf $place "redis" 6379)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.secrets -}}
{{- if .serverTls.existingSecret -}}
{{- $_ := set (index $own "server") "tls" (dict "cert-file" "/etc/flamelake/server-tls/tls.crt" "key-file" "/etc/flamelake/server-tls/tls.key") -}}
{{- end -}}
{{- if .gcs.existingSecret -}}
{{- $_ := set $own "store" (dict "gcs" (dict "key-file" (printf "/etc/flamelake/gcs/%s" .gcs.keyFileKey))) -}}
{{- end -}}
{{- if .kafkaTls.existingSecret -}}
{{- $tls := dict "enabled" true "ca-file" (printf "/etc/flamelake/kafka-tls/%s" .kafkaTls.caKey) -}}
{{- if .kafkaTls.certificateKey -}}
{{- $_ := set $tls "certificate-file" (printf "/etc/flamelake/kafka-tls/%s" .kafkaTls.certificateKey) -}}
{{- $_ := set $tls "key-file" (printf "/etc/flamelake/kafka-tls/%s" .kafkaTls.privateKeyKey) -}}
{{- end -}}
{{- $_ := set $own "kafka" (dict "tls" $tls) -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.config)) -}}
{{- end -}}

{{/* Secrets that options name: those of the values, and of the dev set the one that is made. */}}
{{- define "flamelake.secrets" -}}
{{- $secrets := deepCopy .Values.secrets -}}
{{- if .Values.devSet.enabled -}}
{{- $_ := set $secrets "s3" (dict "existingSecret" (printf "%s-dev" (include "flamelake.fullname" .)) "accessKeyKey" "access-key" "secretKeyKey" "secret-key") -}}
{{- end -}}
{{- toYaml $secrets -}}
{{- end -}}

{{/* Secrets as environment variables of options. */}}
{{- define "flamelake.secretEnv" -}}
{{- range $option, $secret := dict
  "STORE_S3_ACCESS_KEY" (list .s3.existingSecret .s3.accessKeyKey)
  "STORE_S3_SECRET_KEY" (list .s3.existingSecret .s3.secretKeyKey)
  "STORE_AZURE_ACCOUNT_KEY" (list .azure.existingSecret .azure.accountKeyKey)
  "KAFKA_SASL_USERNAME" (list .kafka.existingSecret .kafka.usernameKey)
  "KAFKA_SASL_PASSWORD" (list .kafka.existingSecret .kafka.passwordKey)
  "REDIS_USERNAME" (list .redis.existingSecret .redis.usernameKey)
  "REDIS_PASSWORD" (list .redis.existingSecret .redis.passwordKey) }}
{{- if and (first $secret) (last $secret) }}
- name: FLAMELAKE_{{ $option }}
  valueFrom: { secretKeyRef: { name: {{ first $secret }}, key: {{ last $secret }} } }
{{- end }}
{{- end }}
{{- end -}}

{{/* Secrets as files: name of the volume, of the secret. */}}
{{- define "flamelake.secretFiles" -}}
{{- toYaml (dict "gcs" .gcs.existingSecret "kafka-tls" .kafkaTls.existingSecret "server-tls" .serverTls.existingSecret) -}}
{{- end -}}

{{/* What says how much work a component has, over all its pods. */}}
{{- define "flamelake.measure" -}}
{{- $name := include "flamelake.fullname" .root -}}
{{- $of := "{namespace=%q, service=%q}" -}}
{{- $pods := printf $of .root.Release.Namespace (printf "%s-%s" $name .component) -}}
{{- /* Seconds of tasks a second are the tasks there are at a time: that does not fall to nothing as soon as there are queriers enough. */ -}}
{{- index (dict
  "distributor" (printf "sum(flamelake_distributor_in_flight_bytes%s)" $pods)
  "segment-writer" (printf "sum(flamelake_kafka_lag_records%s)" $pods)
  "query-frontend" (printf "sum(rate(flamelake_request_duration_seconds_count%s[2m]))" $pods)
  "querier" (printf "sum(rate(flamelake_query_task_seconds_sum%s[1m]))" (printf $of .root.Release.Namespace (printf "%s-query-frontend" $name)))
  "compactor" (printf "sum(flamelake_compactor_backlog_jobs%s)" $pods)
  "scraper" (printf "sum(flamelake_scraper_endpoints%s)" $pods)
) .component -}}
{{- end -}}
