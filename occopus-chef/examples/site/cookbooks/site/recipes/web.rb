file '/etc/site.txt' do
  content "#{node['site']['title']}, with the database at #{node['site']['database']['host']}\n"
end
