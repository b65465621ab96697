file '/etc/database.txt' do
  content "The database #{node['site']['database']['name']}\n"
end

# Occopus waits for this before it makes the nodes that depend on the database.
node.normal['site']['database']['ready'] = true
