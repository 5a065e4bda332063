console.log('onbuild')
