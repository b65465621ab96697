"""What the files of a first infrastructure say that is the same for all backends, or for all of a kind."""

EDITOR_SETTINGS = {
    "yaml.customTags": ["!yaml_import mapping", "!text_import mapping", "!secret mapping"],
    "yaml.schemas": {".schemas/credentials.json": "auth_data.yaml"},  # it may be moved elsewhere, so it names no schema itself
}

INFRASTRUCTURE = """\
# yaml-language-server: $schema=.schemas/infrastructure.json
# What should exist.

# Letters, digits and hyphens.
infra_name: {name}
# Whose it is; node definitions are kept per user.
user_id: {user}
nodes:
  - name: web
    # The node definition that says how it is made: 'node_def:web' in nodes/node_definitions.yaml.
    type: web
    # Values for its templates.
    variables: {{greeting: Hello}}
    # How many instances it may have: so many at first, and so many at most.
    #scaling: {{min: 1, max: 3}}
# What waits for what: the first of a pair is made when all instances of the second are ready.
#dependencies:
#  - [web, database]
"""

DEFINITIONS = """\
# yaml-language-server: $schema=../.schemas/node-definitions.json
# How nodes are made. Here: {summary}
#
# Put your own values in place of these. A line that begins with # and no blank after it can be used: take the # away.
# 'occopus validate infra.yaml nodes/node_definitions.yaml' checks both files.
"""

CONTEXT_FILE = """\
      # What it does at its first start; the file is beside this one.
      context_template: !yaml_import {url: file://cloud_init_web.yaml}"""

CLOUD_INIT = """\
# What a machine does at its first start: a cloud-config (https://cloudinit.readthedocs.io).
#
# All texts are templates: {{variables.NAME}}, {{infra_name}}, {{name}}, {{node_id}}, {{getip('NODE')}} for the address of another node.
# 'occopus render infra.yaml --nodes nodes/node_definitions.yaml' shows what comes out.
write_files:
  - path: /etc/greeting
    content: "{{variables.greeting}} from {{name}}"
runcmd:
  - cat /etc/greeting
#packages: [nginx]
"""

LOCAL_CLOUD_INIT = """\
# What a node does at its start: of a cloud-config, what the local backend knows. Files are written below a folder of the node's own;
# the node ends when its last command does.
#
# All texts are templates: {{variables.NAME}}, {{infra_name}}, {{name}}, {{node_id}}, {{getip('NODE')}} for the address of another node.
# 'occopus render infra.yaml --nodes nodes/node_definitions.yaml' shows what comes out.
write_files:
  - path: /index.html
    content: "{{variables.greeting}} from {{name}}"
runcmd:
  - exec python3 -m http.server 8080 --bind "$OCCOPUS_NODE_ADDRESS"
"""

LOCAL_HEALTH = """\
    # It does its work when something answers at this port.
    health_check:
      ping: false
      ports: [8080]"""

OTHER_HEALTH = """\
    # How to tell that it does its work; it answers a ping, if nothing is said.
    #health_check:"""

AUTH_DATA = """\
# What Occopus needs to use your account. It is looked for at --auth_data_path, $OCCOPUS_AUTH_DATA_PATH, ~/.occopus/auth_data.yaml, then
# ./auth_data.yaml: so either work in this folder, or move it there.
#
# !secret {{env: NAME}} takes a value from the environment, {{file: PATH}} from a file, {{keyring: SERVICE/NAME}} from the system's keyring.
# A value can also be written here: nobody but you can read this file. Never share it.
resource:
  - type: {type}
    # More keys of the resource section can stand here, 'endpoint' for example: then the entry is for nodes with the same values only.
    auth_data:
{lines}
"""
