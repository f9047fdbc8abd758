module github.com/juggernaut/k8s-demo-go-app

go 1.26
