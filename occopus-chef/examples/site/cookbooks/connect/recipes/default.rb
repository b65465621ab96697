# Occopus gives each node a list of connections: the role of another node, an attribute of that, and where to put its value.
# An attribute is there when chef-client has run on the other node; until then this one waits.
(node['connections'] || []).each do |connection|
  source = connection['source_attribute'].split('.')
  found = nil
  90.times do
    rows = search(:node, "role:#{connection['source_role']}", filter_result: { 'value' => source })
    found = rows.map { |row| row['value'] }.compact.first
    break unless found.nil?
    sleep 10
  end
  raise "#{connection['source_role']} has no attribute #{connection['source_attribute']}" if found.nil?

  *above, last = connection['destination_attribute'].split('.')
  above.reduce(node.normal) { |place, name| place[name] }[last] = found
end
